import { numbered } from './photos.ts';

/** Where a photo can have a thread hang. */
export type HangingStage = 'decoding' | 'kernel';

const stages: readonly HangingStage[] = ['decoding', 'kernel'];
const wordOf = (stage: HangingStage) => `hang while ${stage}`;

/** A photo that has a thread of `hanging-thread-entry` hang. */
export async function hangingPhoto(stage: HangingStage): Promise<Uint8Array> {
  return Buffer.concat([await numbered(0), Buffer.from(wordOf(stage))]);
}

/** Where a photo has a thread hang, `undefined` if it does not. */
export function stageOfHanging(photo: Uint8Array): HangingStage | undefined {
  const end = Buffer.from(photo.subarray(-32)).toString('latin1');
  return stages.find((stage) => end.endsWith(wordOf(stage)));
}
