/** Calls that come too often, called less often: at once, then at most every `everyMs`, the last one never lost. */
export function paced(everyMs: number, call: () => void): () => void {
  let waiting: number | undefined;
  let calledAtMs = Number.NEGATIVE_INFINITY;
  const run = () => {
    waiting = undefined;
    calledAtMs = performance.now();
    call();
  };
  return () => {
    if (waiting !== undefined) return;
    const restMs = calledAtMs + everyMs - performance.now();
    if (restMs <= 0) run();
    else waiting = window.setTimeout(run, restMs);
  };
}
