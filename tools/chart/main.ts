import { writeChart } from './write.ts';

writeChart();
