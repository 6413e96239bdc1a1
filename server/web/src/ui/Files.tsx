/** The unit's data as files, to take along. */

import { useScene } from "./scene.ts";

const FILES: readonly (readonly [
  table: string,
  label: string,
  formats: readonly (readonly [format: string, name: string])[],
])[] = [
  [
    "track",
    "Track",
    [
      ["gpx", "GPX"],
      ["geojson", "GeoJSON"],
      ["csv", "CSV"],
    ],
  ],
  [
    "visits",
    "Visits",
    [
      ["geojson", "GeoJSON"],
      ["csv", "CSV"],
    ],
  ],
  [
    "crossings",
    "Crossings",
    [
      ["geojson", "GeoJSON"],
      ["csv", "CSV"],
    ],
  ],
  ["custody", "Custody", [["csv", "CSV"]]],
];

export function Files({ unit }: { unit: string }) {
  const { exportUrl } = useScene();
  return (
    <section class="panel-part" aria-label="Download">
      <h3 class="group-title">Download</h3>
      <dl class="files">
        {FILES.map(([table, label, formats]) => (
          <div key={table}>
            <dt>{label}</dt>
            <dd>
              {formats.map(([format, name]) => (
                <a
                  key={format}
                  href={exportUrl(table, format, unit)}
                  download={`${unit}-${table}.${format}`}
                  aria-label={`${label} as ${name}`}
                >
                  {name}
                </a>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
