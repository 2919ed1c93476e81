import type { Problem } from '@rankguard/contract';

export const FORMATS = ['table', 'json', 'sarif', 'junit'] as const;
export type Format = (typeof FORMATS)[number];

/** One thing that was tried. */
export interface Check {
  readonly name: string;
  readonly file: string | null;
  /** 1-based. */
  readonly line: number | null;
  readonly outcome: 'pass' | 'fail' | 'error' | 'skip';
  /** What it says; of one that passed it is left out. */
  readonly detail: string;
  readonly milliseconds: number;
}
export interface Suite {
  readonly name: string;
  readonly checks: readonly Check[];
}

/** SARIF 2.1.0 (OASIS), as code scanning services take it: one result for each problem. */
export function sarif(problems: readonly Problem[]): string {
  const rules = [...new Set(problems.map(({ code }) => code))].toSorted();
  const results = problems.map(({ code, severity, message, file, line, path }) => ({
    ruleId: code,
    level: severity,
    message: { text: path === null ? message : `${path}: ${message}` },
    locations:
      file === null
        ? []
        : [
            {
              physicalLocation: {
                artifactLocation: { uri: file.replaceAll('\\', '/') },
                region: { startLine: line ?? 1 },
              },
            },
          ],
  }));
  const driver = {
    name: 'rankguard',
    informationUri: 'https://rankguard.dev',
    rules: rules.map((id) => ({ id })),
  };
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver }, results }],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

/** What failed, as problems for {@link sarif}. */
export function failures(suites: readonly Suite[]): readonly Problem[] {
  return suites.flatMap(({ name: suite, checks }) =>
    checks
      .filter(({ outcome }) => outcome === 'fail' || outcome === 'error')
      .map(({ name, file, line, detail }) => ({
        severity: 'error' as const,
        code: 'POLICY_TEST_FAILED' as const,
        message: detail === '' ? name : `${name}: ${detail}`,
        file,
        line,
        path: file === null ? suite : null,
      })),
  );
}

/** JUnit's XML, in the form that CI services read (testmoapp/junitxml). Times are seconds. */
export function junit(name: string, suites: readonly Suite[]): string {
  const all = suites.flatMap(({ checks }) => checks);
  const body = suites.map((suite) => {
    const cases = suite.checks.map((check) => testCase(suite.name, check));
    return `  <testsuite name="${xml(suite.name)}" ${counts(suite.checks)}>\n${cases.join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xml(name)}" ${counts(all)}>\n${body.join('')}</testsuites>\n`;
}

function testCase(suite: string, { name, file, line, outcome, detail, milliseconds }: Check): string {
  const place = [file === null ? '' : ` file="${xml(file)}"`, line === null ? '' : ` line="${line}"`].join(
    '',
  );
  const start = `    <testcase classname="${xml(suite)}" name="${xml(name)}" time="${seconds(milliseconds)}"${place}`;
  if (outcome === 'pass') return `${start}/>\n`;
  if (outcome === 'skip') return `${start}><skipped/></testcase>\n`;
  const tag = outcome === 'fail' ? 'failure' : 'error';
  const [first = ''] = detail.split('\n', 1);
  return `${start}><${tag} message="${xml(first)}">${xml(detail)}</${tag}></testcase>\n`;
}

function counts(checks: readonly Check[]): string {
  const count = (outcome: Check['outcome']) => checks.filter((check) => check.outcome === outcome).length;
  const time = seconds(checks.reduce((sum, { milliseconds }) => sum + milliseconds, 0));
  return `tests="${checks.length}" failures="${count('fail')}" errors="${count('error')}" skipped="${count('skip')}" time="${time}"`;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(6);
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text for XML 1.0, which cannot hold most control characters, not even escaped. */
function xml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
      .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
  );
}
