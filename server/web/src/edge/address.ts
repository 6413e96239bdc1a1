/** The selection in the page's address (`#unit=ID`), so that a link, a reload and "back" keep it. Pure. */

export function selectionIn(href: string): string | null {
  const unit = new URLSearchParams(new URL(href).hash.slice(1)).get("unit");
  return unit === "" ? null : unit;
}

export function addressOf(href: string, unit: string | null): string {
  const url = new URL(href);
  url.hash = unit === null ? "" : new URLSearchParams({ unit }).toString();
  return url.href;
}
