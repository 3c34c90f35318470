/** For the polls of all predictions of a run: about four each for twenty edits of three seconds. */
export const MAX_POLLS_PER_SECOND = 40;
