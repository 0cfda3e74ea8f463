// Adds what the camera has written into a photo: camera, lens, when and where it was taken, exposure.
import { bolt, type BoltOutput } from 'autotag/bolt';
import ExifReader from 'exifreader';

type Attributes = NonNullable<BoltOutput['attributes']>;
type Tags = ExifReader.ExpandedTags;

export default bolt({
  process: ({ photo, log }) => {
    const tags = read(photo, log.debug);
    return { attributes: { ...textsOf(tags), ...numbersOf(tags) } };
  },
});

/** A photo without EXIF, or with one that nobody can read, has no tags; that is no reason to fail. */
function read(photo: Uint8Array<ArrayBuffer>, report: (message: string) => void): Tags {
  try {
    return ExifReader.load(photo.buffer, { expanded: true });
  } catch (error) {
    report(`no EXIF: ${error instanceof Error ? error.message : String(error)}`);
    return {};
  }
}

function textsOf({ exif }: Tags): Attributes {
  const [make, model] = [textOf(exif?.Make), textOf(exif?.Model)];
  const texts = {
    // Canon calls its models "Canon EOS …" already.
    camera: model.startsWith(make) ? model : `${make} ${model}`.trim(),
    lens: textOf(exif?.LensModel),
    'taken-at': timeOf(textOf(exif?.DateTimeOriginal), textOf(exif?.OffsetTimeOriginal)),
    exposure: textOf(exif?.ExposureTime),
  };
  return Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''));
}

function numbersOf({ exif, gps }: Tags): Attributes {
  const numbers = {
    aperture: ratioOf(exif?.FNumber),
    iso: ratioOf(exif?.ISOSpeedRatings),
    'focal-length': ratioOf(exif?.FocalLength),
    latitude: gps?.Latitude,
    longitude: gps?.Longitude,
  };
  const known = Object.entries(numbers).filter((entry): entry is [string, number] =>
    Number.isFinite(entry[1]),
  );
  return Object.fromEntries(known);
}

/** Cameras pad with zero bytes and spaces. */
function textOf(tag: { description: string } | undefined): string {
  return (tag?.description ?? '')
    .replace(/[\u0000-\u001f]/g, '')
    .trim()
    .slice(0, 200);
}

/** `2024:05:01 12:00:00` as ISO 8601; with its offset if the camera knew it. */
function timeOf(time: string, offset: string): string {
  const [, year, month, day, clock] = /^(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)$/.exec(time) ?? [];
  return clock === undefined ? '' : `${String(year)}-${String(month)}-${String(day)}T${clock}${offset}`;
}

/** A number, or a fraction as EXIF has it. */
function ratioOf(tag: { value: unknown } | undefined): number | undefined {
  const { value } = tag ?? {};
  if (typeof value === 'number') return value;
  if (!Array.isArray(value)) return undefined;
  const [numerator, denominator = 1] = value.map(Number);
  return numerator === undefined ? undefined : Math.round((numerator / denominator) * 100) / 100;
}
