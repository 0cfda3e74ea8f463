/** What the first bytes of a file say that it is. */
export interface PhotoFormat {
  /** As in a sentence: `JPEG`, `an SVG drawing`. */
  readonly name: string;
  /** Whether {@link decode} reads it. */
  readonly readable: boolean;
  /** Whether a sample may have more than 8 bits. */
  readonly deep: boolean;
}

const photo = { readable: true, deep: false };
const deepPhoto = { readable: true, deep: true };
const other = { readable: false, deep: false };

/** Bytes as Latin-1, in the order in which they are tried. */
const signatures: readonly (readonly [RegExp, PhotoFormat])[] = [
  [/^\xff\xd8\xff/, { name: 'JPEG', ...photo }],
  [/^\x89PNG\r\n\x1a\n/, { name: 'PNG', ...deepPhoto }],
  [/^RIFF[^]{4}WEBP/, { name: 'WebP', ...photo }],
  [/^GIF8[79]a/, { name: 'GIF', ...photo }],
  [/^(?:II[*+]\0|MM\0[*+])/, { name: 'TIFF', ...deepPhoto }],
  // The major brand, the minor version, and compatible brands: four bytes each.
  [/^[^]{4}ftyp(?:[^]{4}){0,12}?avi[fs]/, { name: 'AVIF', ...deepPhoto }],
  [/^[^]{4}ftyp(?:he[iv][a-z]|mif1|msf1)/, { name: 'a HEIC photo', ...other }],
  [/^[^]{4}ftyp/, { name: 'a video', ...other }],
  [/^(?:\xff\x0a|\0\0\0\x0cJXL )/, { name: 'a JPEG XL photo', ...other }],
  [/^(?:\xff\x4f\xff\x51|\0\0\0\x0cjP {2})/, { name: 'a JPEG 2000 photo', ...other }],
  [/^BM[^]{4}\0\0\0\0/, { name: 'a BMP picture', ...other }],
  [/^8BPS/, { name: 'a Photoshop document', ...other }],
  [/^[^]{0,1019}?%PDF-/, { name: 'a PDF document', ...other }],
  [/^PK\x03\x04/, { name: 'a ZIP archive', ...other }],
  [/^\x1f\x8b/, { name: 'a gzip file', ...other }],
  [/^[\x09-\x0d\x20-\x7e\x80-\xff]*<svg[\s>]/i, { name: 'an SVG drawing', ...other }],
  [/^\s*<(?:!doctype html|html|head|body)/i, { name: 'an HTML page', ...other }],
  [/^[\x09-\x0d\x20-\x7e][\x09-\x0d\x20-\x7e\x80-\xff]*$/, { name: 'text', ...other }],
];

const headBytes = 1024;

/** The format of a file, by its content alone: names and declared types are not to be trusted. */
export function formatOf(bytes: Uint8Array): PhotoFormat {
  const head = Buffer.from(bytes.subarray(0, headBytes)).toString('latin1');
  return signatures.find(([signature]) => signature.test(head))?.[1] ?? unknownFormat(bytes);
}

function unknownFormat(bytes: Uint8Array): PhotoFormat {
  return {
    name: `unknown data that begins with ${Buffer.from(bytes.subarray(0, 8)).toString('hex')}`,
    ...other,
  };
}
