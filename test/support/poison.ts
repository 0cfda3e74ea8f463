import { oddPhotos } from './odd-photos.ts';

/** Photos that no node can tag: damaged, bombs, no photos at all. Each is a dead letter at once. */
export async function poisonPhotos(): Promise<readonly Uint8Array[]> {
  const made: Uint8Array[] = [];
  for (const { make, outcome } of oddPhotos)
    // Those are refused before they are in the stream.
    if (outcome.startsWith('PHOTO_') && outcome !== 'PHOTO_EMPTY' && outcome !== 'PHOTO_TOO_LARGE')
      made.push(await make());
  return made;
}
