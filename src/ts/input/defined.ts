/** Leaves out the members that are undefined. */
export const defined = <T extends object>(given: T = {} as T): T =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as T;
