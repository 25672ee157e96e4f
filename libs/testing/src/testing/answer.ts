export const ANSWER = 40;
