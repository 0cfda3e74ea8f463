import { ApiError } from '../api/call.ts';
import { sentenceOf } from './notices.tsx';
import { askForToken } from './sign-in.tsx';

/** Why something cannot be shown, and what helps. */
export function Failure({ error, retry }: { readonly error: unknown; readonly retry?: () => void }) {
  const isForbidden = error instanceof ApiError && error.status === 403;
  return (
    <div class="failure" role="alert">
      <p>{sentenceOf(error)}</p>
      {isForbidden ? (
        <button type="button" onClick={askForToken}>
          Sign in
        </button>
      ) : (
        retry !== undefined && (
          <button type="button" onClick={retry}>
            Try again
          </button>
        )
      )}
    </div>
  );
}
