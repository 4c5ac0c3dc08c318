import { useState } from 'react';
import { useMutation } from 'urql';
import { DeleteVideoDocument } from './gql/graphql.ts';

/** Deletes a video after a second click, and leads to the first page. */
export function Delete({ id }: { id: string }) {
  const [{ fetching }, deleteVideo] = useMutation(DeleteVideoDocument);
  const [isAsking, setAsking] = useState(false);
  const [problem, setProblem] = useState('');

  async function onDelete(): Promise<void> {
    const { data, error } = await deleteVideo({ id });
    const result = data?.deleteVideo;
    // Another window may have deleted it.
    if (
      result?.__typename === 'DeleteVideoSuccess' ||
      result?.__typename === 'VideoNotFoundError'
    ) {
      location.hash = '#/';
      return;
    }
    setAsking(false);
    // The button is there only for videos that have ended.
    if (result?.__typename === 'TooLateError') {
      return setProblem('It is part of a long film that has not ended: stop that first.');
    }
    setProblem(result?.message ?? error?.message ?? 'It could not be deleted.');
  }

  if (!isAsking) {
    return (
      <>
        <button type="button" className="quiet" onClick={() => setAsking(true)}>
          Delete
        </button>
        <span role="status">{problem}</span>
      </>
    );
  }
  return (
    <fieldset className="confirm">
      <legend>Delete this video and its files for good?</legend>
      <button type="button" aria-disabled={fetching} onClick={onDelete}>
        Delete for good
      </button>
      <button type="button" className="quiet" onClick={() => setAsking(false)}>
        Keep it
      </button>
    </fieldset>
  );
}
