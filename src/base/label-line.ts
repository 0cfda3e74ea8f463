/** A line of label data, its end included: `class<TAB>photo_id<TAB>TRUE` or `FALSE`. Names have no control characters. */
export function labelLine(className: string, photoId: string, isTrue: boolean): string {
  return `${className}\t${photoId}\t${isTrue ? 'TRUE' : 'FALSE'}\n`;
}
