import { readFileSync } from 'node:fs';
import { terminalPicture } from './svg.ts';

/**
 * Draws what a terminal shows. The picture of the README is made so:
 *
 *   script -qec 'make demo' /dev/null | sed '1,/ready after/d;/Metrics that moved/,$d' |
 *     node -C source tools/docs/picture/main.ts 'The table that make demo prints' > docs/images/demo.svg
 */
process.stdout.write(terminalPicture(readFileSync(0, 'utf8'), process.argv[2] ?? 'A terminal'));
