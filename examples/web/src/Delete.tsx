import { useState } from 'react';
import { useMutation } from 'urql';
import { Confirm } from './Confirm.tsx';
import { DeleteVideoDocument } from './gql/graphql.ts';

/** Deletes a video after a second click, and leads to the first page. */
export function Delete({ id }: { id: string }) {
  const [, deleteVideo] = useMutation(DeleteVideoDocument);
  const [problem, setProblem] = useState('');

  async function onDelete(): Promise<boolean> {
    const { data, error } = await deleteVideo({ id });
    const result = data?.deleteVideo;
    // Another window may have deleted it.
    if (
      result?.__typename === 'DeleteVideoSuccess' ||
      result?.__typename === 'VideoNotFoundError'
    ) {
      location.hash = '#/';
      return true;
    }
    // The button is there only for videos that have ended.
    const isInFilm = result?.__typename === 'TooLateError';
    setProblem(
      isInFilm
        ? 'It is part of a long film that has not ended: stop that first.'
        : (result?.message ?? error?.message ?? 'It could not be deleted.'),
    );
    return false;
  }

  return (
    <>
      <Confirm
        label="Delete"
        question="Delete this video and its files for good?"
        yes="Delete for good"
        busy="Deleting…"
        no="Keep it"
        onYes={onDelete}
      />
      <span role="status">{problem}</span>
    </>
  );
}
