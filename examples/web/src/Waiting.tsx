import { useState } from 'react';
import { useMutation } from 'urql';
import { toMoment } from './format.ts';
import { type VideoFieldsFragment, WithdrawVideoDocument } from './gql/graphql.ts';
import { WITHDRAW_PROBLEMS } from './words.ts';

/** When a scheduled request is sent, and the button that withdraws it. */
export function Waiting(props: {
  id: string;
  schedule: NonNullable<VideoFieldsFragment['schedule']>;
  now: number;
}) {
  const { id, schedule, now } = props;
  const { position, estimatedStartAt, notBefore, deadline } = schedule;
  const isEarly = notBefore !== null && Date.parse(notBefore) > now;
  return (
    <>
      {isEarly ? (
        <p>Sent at {toMoment(notBefore)} at the earliest.</p>
      ) : (
        <p>
          {position === 1 ? 'It is sent next' : `Number ${position} of those that wait`}
          {Date.parse(estimatedStartAt) > now
            ? `, at about ${toMoment(estimatedStartAt)}.`
            : ', as soon as there is room.'}
        </p>
      )}
      <p>If it cannot be sent by {toMoment(deadline)}, it ends, and nothing is paid.</p>
      <Withdraw id={id} />
    </>
  );
}

function Withdraw({ id }: { id: string }) {
  const [{ fetching }, withdraw] = useMutation(WithdrawVideoDocument);
  const [problem, setProblem] = useState('');

  // The answer has the video as it is now, and so the card changes by itself.
  async function onClick(): Promise<void> {
    if (fetching) return;
    setProblem('');
    const { data } = await withdraw({ id });
    const result = data?.withdrawVideo;
    if (!result) setProblem('No answer came. Try again: nothing is paid twice.');
    else if (result.__typename !== 'WithdrawVideoSuccess') {
      setProblem(WITHDRAW_PROBLEMS[result.__typename]);
    }
  }

  return (
    <div className="withdraw">
      <button type="button" aria-disabled={fetching} onClick={onClick}>
        {fetching ? 'Withdrawing…' : 'Withdraw'}
      </button>
      <span role="status">{problem}</span>
    </div>
  );
}
