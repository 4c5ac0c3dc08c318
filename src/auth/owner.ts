/** The owner of everything where nobody has to say who is asking. */
export const OPEN_OWNER = 'open';
