import { EmbeddedTagStore } from '../../src/store/embedded-tag-store.ts';
import { generationOf } from './killed-writer-batches.ts';

// Writes generation after generation, each a batch, and prints the number of each one that was answered.
async function main(file: string, first: number): Promise<void> {
  const store = await EmbeddedTagStore.open({ file });
  for (let generation = first; ; generation += 1) {
    await store.write(generationOf(generation));
    process.stdout.write(`${String(generation)}\n`);
  }
}

void main(process.argv[2]!, Number(process.argv[3]));
