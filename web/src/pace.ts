// SPDX-License-Identifier: Apache-2.0
// Work that many events ask for, done at once for the first of them and then no more often than each `ms`,
// never twice at the same time. What is asked for meanwhile is done once, afterwards.

export function paced(work: () => Promise<void>, ms: number): () => void {
  let busy = false;
  let again = false;
  const start = async (): Promise<void> => {
    busy = true;
    try {
      await work();
    } finally {
      setTimeout(next, ms);
    }
  };
  const next = (): void => {
    busy = false;
    if (!again) return;
    again = false;
    void start();
  };
  return () => {
    if (busy) again = true;
    else void start();
  };
}
