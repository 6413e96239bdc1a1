/** One named value of a `dl`, with what qualifies it. */

interface Props {
  readonly label: string;
  readonly value: string;
  readonly children?: preact.ComponentChildren;
}

export function Fact({ label, value, children }: Props) {
  return (
    <div class="fact">
      <dt>{label}</dt>
      <dd>
        {value}
        {children && <span class="fact-more">{children}</span>}
      </dd>
    </div>
  );
}
