import { useEffect, useId, useState } from 'preact/hooks';
import { percent } from '../parts/numbers.ts';
import { lowestScore, withLowestScore } from './query-text.ts';

interface ScoreSliderOptions {
  readonly query: string;
  readonly onAsk: (query: string) => void;
}

/** How sure the machine has to be; it writes `score>=…` into the query. */
export function ScoreSlider({ query, onAsk }: ScoreSliderOptions) {
  const id = useId();
  const asked = lowestScore(query);
  const [score, setScore] = useState(asked);
  useEffect(() => {
    setScore(asked);
  }, [asked]);
  return (
    <div class="slider">
      <label for={id}>Lowest score</label>
      <output for={id}>{score === 0 ? 'any' : percent(score)}</output>
      <input
        id={id}
        type="range"
        min={0}
        max={0.95}
        step={0.05}
        value={score}
        aria-valuetext={score === 0 ? 'any' : percent(score)}
        onInput={(event) => {
          setScore(Number(event.currentTarget.value));
        }}
        onChange={(event) => {
          onAsk(withLowestScore(query, Number(event.currentTarget.value)));
        }}
      />
    </div>
  );
}
