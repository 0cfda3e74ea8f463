/**
 * How one number grows with another: the power p of `y ≈ a · x^p`, by least squares over their logarithms.
 * @param points - pairs x, y; both above 0
 */
export function growthOf(points: readonly (readonly [x: number, y: number])[]): number {
  const logarithms = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const meanX = logarithms.reduce((sum, [x]) => sum + x, 0) / points.length;
  const meanY = logarithms.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const covariance = logarithms.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const variance = logarithms.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}
