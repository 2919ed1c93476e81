import { performance } from 'node:perf_hooks';
import type { LoopLoad } from '../pipeline/index.ts';

/** Measures the event loop between two looks: time at work, by turns (libuv's own counters). */
export function createLoopLoad(): () => LoopLoad {
  let active = performance.eventLoopUtilization().active;
  let turns = performance.nodeTiming.uvMetricsInfo.loopCount;
  return () => {
    const nextActive = performance.eventLoopUtilization().active;
    const nextTurns = performance.nodeTiming.uvMetricsInfo.loopCount;
    const turnMs = (nextActive - active) / Math.max(1, nextTurns - turns);
    active = nextActive;
    turns = nextTurns;
    return { turnMs };
  };
}
