export {
  createRecorder,
  type EventMetrics,
  type Happening,
  type Recorder,
  type Regarding,
} from './recorder.ts';
