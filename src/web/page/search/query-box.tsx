import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { completeTag } from '../api/photos.ts';
import type { TagCount } from '../api/types.ts';
import { count } from '../parts/numbers.ts';
import { lastTag, termOf } from './query-text.ts';

interface QueryBoxOptions {
  readonly query: string;
  readonly onAsk: (query: string) => void;
}

/** The box for a query; it completes the tag at its end from those that photos have. */
export function QueryBox({ query, onAsk }: QueryBoxOptions) {
  const [text, setText] = useState(query);
  const [isOpen, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const listId = useId();
  const { before, prefix } = lastTag(text);
  const options = useCompletion(isOpen ? prefix : '');
  useEffect(() => {
    setText(query);
  }, [query]);

  const ask = (wanted: string) => {
    setOpen(false);
    setChosen(-1);
    setText(wanted);
    onAsk(wanted);
  };
  const take = ({ tag }: TagCount) => {
    ask(`${before}${termOf(tag)} `);
    input.current?.focus();
  };
  const isListed = isOpen && options.length > 0;
  const pressed = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && isListed) {
      event.preventDefault();
      // One place more than there are options: that of the text itself.
      setChosen(((chosen + 1 + step + options.length + 1) % (options.length + 1)) - 1);
    } else if (event.key === 'Escape') setOpen(false);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const option = isListed ? options[chosen] : undefined;
    if (option === undefined) ask(text);
    else take(option);
  };
  return (
    <form role="search" class="query" onSubmit={submit}>
      <label class="unseen" for={`${listId}-input`}>
        Tags to search for
      </label>
      <input
        ref={input}
        id={`${listId}-input`}
        type="search"
        role="combobox"
        list={undefined}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        maxLength={4096}
        placeholder="Tags, such as seashore -people"
        aria-expanded={isListed}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={isListed && chosen >= 0 ? `${listId}-${String(chosen)}` : undefined}
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setChosen(-1);
          setOpen(true);
        }}
        onKeyDown={pressed}
        onBlur={() => {
          setOpen(false);
        }}
      />
      <button type="submit" class="primary">
        Search
      </button>
      <ul id={listId} role="listbox" aria-label="Tags that begin so" hidden={!isListed}>
        {options.map((option, index) => (
          <li
            key={option.tag}
            id={`${listId}-${String(index)}`}
            role="option"
            aria-selected={index === chosen}
            onMouseDown={(event) => {
              // The box keeps the focus.
              event.preventDefault();
              take(option);
            }}
          >
            {option.tag} <span class="score">{count(option.photos)}</span>
          </li>
        ))}
      </ul>
    </form>
  );
}

const optionsShown = 8;
const typingPauseMs = 120;

/** Tags that begin so, a moment after the last letter. */
function useCompletion(prefix: string): readonly TagCount[] {
  const [options, setOptions] = useState<readonly TagCount[]>([]);
  useEffect(() => {
    if (prefix === '') {
      setOptions([]);
      return undefined;
    }
    const controller = new AbortController();
    const timer = setTimeout(() => {
      completeTag(prefix, optionsShown, controller.signal).then(
        (found) => {
          if (!controller.signal.aborted) setOptions(found);
        },
        () => undefined, // The search itself says what is wrong.
      );
    }, typingPauseMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [prefix]);
  return options;
}
