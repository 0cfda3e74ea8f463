import { sha256 } from '../../src/base/ids.ts';
import type { ChaosFault, FaultContext } from './fault-schedule.ts';
import { pause } from './fault-schedule.ts';
import { hangingPhoto, type HangingStage } from './hanging-photos.ts';

const pollMs = 100;

/** The figure that {@link hangPhoto} takes down. */
const hungFor = (stage: HangingStage) => `a photo that hangs while ${stage} is a dead letter, ms`;

/** A photo that hangs each time: it is a dead letter with its bytes after `attempts`. */
export function hangPhoto(stage: HangingStage, attempts: number): ChaosFault {
  return {
    name: `photos that hang while ${stage}`,
    finite: true,
    run: async (context) => {
      const { client, measured, violated } = context;
      const id = `hangs while ${stage}`;
      const bytes = await hangingPhoto(stage);
      const started = performance.now();
      await client.submit({ id, bytes });
      const letter = await deadLetterOf(context, id);
      measured(hungFor(stage), performance.now() - started);
      if (letter === undefined) violated(`the photo that ${id} is no dead letter`);
      else if (letter.attempts !== attempts)
        violated(`the photo that ${id} was tried ${String(letter.attempts)} times`);
      else {
        const { photo } = await client.ask('deadShow', {}, { sequence: letter.sequence });
        if (sha256(photo) !== sha256(bytes)) violated(`the photo that ${id} is a dead letter of other bytes`);
      }
      return 1;
    },
  };
}

async function deadLetterOf({ client, over }: FaultContext, id: string) {
  for (;;) {
    const [letter] = (await client.photo(id)).dead;
    if (letter !== undefined || (await pause(pollMs, over))) return letter;
  }
}
