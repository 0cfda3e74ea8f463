import { storeBench } from './store-bench.ts';

// Photos in the store, as the one argument: `npx tsx bench/store/main.ts 2000000`.
const photos = Number(process.argv[2] ?? 200_000);
const figures = await storeBench({
  photos,
  progress: (line) => {
    console.error(line);
  },
});
console.log(JSON.stringify(figures, undefined, 2));
