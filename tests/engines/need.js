/**
 * What to skip for, `false` if nothing: `programs` are `{ program, howToGet }`. With CI=true what is missing is
 * an error, because a test that is skipped there is a hole.
 */
export function missing(...programs) {
  const reason = programs.find(({ program }) => !program)?.howToGet ?? false;
  if (reason && process.env.CI === "true") throw new Error(reason);
  return reason;
}
