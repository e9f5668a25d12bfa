/** A small line without axes: how something went. Gaps stay gaps. */
interface SparklineProps {
  values: readonly (number | null)[];
  /** Said to who cannot see it, such as `records a second, last hour`. */
  label: string;
  width?: number;
  height?: number;
  kind?: 'line' | 'bars';
  color?: string;
}

export function Sparkline({
  values,
  label,
  width = 120,
  height = 24,
  kind = 'line',
  color = 'var(--accent)',
}: SparklineProps) {
  const known = values.filter((value) => value !== null);
  const most = Math.max(...known, 0);
  const least = kind === 'bars' ? 0 : Math.min(...known, most);
  const span = most - least || 1;
  const step = width / Math.max(1, values.length - (kind === 'bars' ? 0 : 1));
  const y = (value: number) => height - 2 - ((value - least) / span) * (height - 4);
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {kind === 'line' ? (
        <path
          d={pathOf(values, step, y)}
          fill="none"
          stroke={color}
          strokeWidth={1.5}
          strokeLinejoin="round"
        />
      ) : (
        values.map(
          (value, index) =>
            value !== null &&
            value > 0 && (
              <rect
                key={index}
                x={index * step}
                y={y(value)}
                width={Math.max(1, step - 1)}
                height={height - 2 - y(value)}
                fill={color}
              />
            ),
        )
      )}
    </svg>
  );
}

function pathOf(values: readonly (number | null)[], step: number, y: (value: number) => number): string {
  let path = '';
  let pen = false;
  for (const [index, value] of values.entries()) {
    if (value === null) pen = false;
    else {
      path += `${pen ? 'L' : 'M'}${(index * step).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = true;
    }
  }
  return path;
}
