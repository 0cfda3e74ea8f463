import { storeBench } from './store-bench.ts';

// Photos in the store, and the URL of an empty PostgreSQL database if it is to be that:
// `node dist/bench/store/main.js 2000000 postgresql://postgres@127.0.0.1/bench`.
const photos = Number(process.argv[2] ?? 200_000);
const figures = await storeBench({
  photos,
  url: process.argv[3],
  progress: (line) => {
    console.error(line);
  },
});
console.log(JSON.stringify(figures, undefined, 2));
