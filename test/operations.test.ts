import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ERROR_CODES } from '../src/error-table.ts';
import { startSandbox } from '../src/sandbox/sandbox.ts';
import { FAILURE_REASONS } from '../src/video.ts';
import {
  OnExtendedDocument,
  ReadCompletionsDocument,
  ReadVideoDocument,
} from './generated/graphql.ts';
import { backdate } from './support/backdate.ts';
import { startGateway } from './support/gateway.ts';
import { extend } from './support/operations.ts';
import { type Scrape, scrape } from './support/scrape.ts';

const FOLDER = new URL('../docs/operations/', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');

const Rules = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({
          alert: z.string(),
          expr: z.string(),
          labels: z.object({ severity: z.enum(['critical', 'warning']) }),
          annotations: z.object({ summary: z.string(), runbook_url: z.string() }),
        }),
      ),
    }),
  ),
});
const Dashboard = z.object({
  title: z.literal('Longtake'),
  templating: z.object({
    list: z.array(
      z.object({ name: z.string(), type: z.string(), definition: z.string().optional() }),
    ),
  }),
  panels: z.array(
    z.object({
      id: z.number(),
      title: z.string(),
      type: z.string(),
      gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      datasource: z.object({ uid: z.string() }).optional(),
      targets: z
        .array(
          z.object({
            expr: z.string(),
            legendFormat: z.string(),
            datasource: z.object({ uid: z.string() }),
          }),
        )
        .default([]),
    }),
  ),
});

const rules = Rules.parse(parse(read('alerts.yaml'))).groups.flatMap((group) => group.rules);
const dashboard = Dashboard.parse(JSON.parse(read('grafana-dashboard.json')));
const targets = dashboard.panels.flatMap((panel) => panel.targets);

/** Prometheus itself adds these to what it scrapes. */
const PROMETHEUS_OWN = new Set(['instance', 'job']);
const NOT_METRICS = new Set(
  'sum max min avg count rate increase histogram_quantile vector by without on and or offset bool clamp_min'.split(
    ' ',
  ),
);
const SELECTOR = /\b([a-z_][a-z0-9_]*)\s*(?:\{([^}]*)\})?/g;
const MATCHER = /([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g;

interface Selector {
  readonly metric: string;
  readonly matchers: readonly { label: string; operator: string; value: string }[];
}

/** The metrics of an expression with what is asked of their labels, and the labels it groups by. */
function parseExpression(expression: string): { selectors: Selector[]; grouped: string[] } {
  const grouped: string[] = [];
  const rest = expression
    .replaceAll(/\b(?:by|without|on)\s*\(([^)]*)\)/g, (_all, list: string) => {
      grouped.push(...list.split(',').map((label) => label.trim()));
      return ' ';
    })
    .replaceAll(/\[[^\]]*\]/g, ' ');
  const selectors: Selector[] = [];
  for (const [, metric = '', labels = ''] of rest.matchAll(SELECTOR)) {
    if (NOT_METRICS.has(metric)) continue;
    const matchers = [...labels.matchAll(MATCHER)].map(
      ([, label = '', operator = '', value = '']) => ({ label, operator, value }),
    );
    selectors.push({ metric, matchers });
  }
  return { selectors, grouped };
}

/** Everything in an expression that the gateway does not expose. */
function findFaults(expression: string, exposed: Scrape): string[] {
  const { selectors, grouped } = parseExpression(expression);
  const faults: string[] = [];
  const known = new Set(PROMETHEUS_OWN);
  for (const { metric, matchers } of selectors) {
    if (metric === 'up') continue;
    const labels = exposed.labelsOf.get(metric);
    if (!labels) {
      faults.push(`no metric ${metric}`);
      continue;
    }
    for (const label of labels) known.add(label);
    for (const { label, operator, value } of matchers) {
      if (PROMETHEUS_OWN.has(label)) continue;
      if (!labels.has(label)) faults.push(`${metric} has no label ${label}`);
      // Series of requests come with the requests; of everything else all are there from the start.
      else if (!metric.startsWith('longtake_request')) {
        const isThere = (wanted: string) =>
          [...exposed.series.keys()].some(
            (key) =>
              key.startsWith(`${metric}{`) &&
              /[,}]/.test(key.split(`${label}=${wanted}`)[1]?.[0] ?? ''),
          );
        const wanted = operator.includes('~') ? value.split('|') : [value];
        for (const one of wanted)
          if (!isThere(one)) faults.push(`${metric} has no ${label}=${one}`);
      }
    }
  }
  if (selectors.length === 0) faults.push('no metric at all');
  for (const label of grouped) if (!known.has(label)) faults.push(`no label ${label}`);
  return faults;
}

let exposed: Scrape;
beforeAll(async () => {
  await using sandbox = await startSandbox({ autoplay: false });
  // A destination that fails, so that there is always something to be copied.
  await using gateway = await startGateway(sandbox, { KEEP_URL: 'file:/dev/null/kept' });
  const events = (await gateway.socket()).subscribe(OnExtendedDocument, {});
  const { taskId } = await extend(gateway);
  await sandbox.complete(taskId);
  await events.next();
  exposed = await vi.waitFor(
    async () => {
      const scraped = await scrape(gateway);
      expect(scraped.get('longtake_copy_seconds_left')).toBeDefined();
      return scraped;
    },
    { timeout: 60_000, interval: 500 },
  );
});

describe('the alert rules', () => {
  it.each(rules.map(({ alert, expr }) => [alert, expr]))(
    '%s queries existing metrics',
    (_alert, expr) => {
      expect(findFaults(expr, exposed)).toEqual([]);
    },
  );

  it('each have a unique name and a section in the runbook, which has no other sections', () => {
    const names = rules.map(({ alert }) => alert);
    const sections = [...read('runbook.md').matchAll(/^### (Longtake\w+)$/gm)].map(
      ([, name]) => name,
    );

    expect(new Set(names).size).toBe(names.length);
    expect(sections).toEqual(names);
    for (const { alert, annotations } of rules) {
      expect(annotations.runbook_url).toBe(`docs/operations/runbook.md#${alert.toLowerCase()}`);
    }
  });
});

describe('the runbook', () => {
  const text = read('runbook.md');
  const anchors = new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    ),
  );

  it('has no broken links', () => {
    const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);

    expect(links.length).toBeGreaterThan(5);
    for (const anchor of links) expect(anchors).toContain(anchor);
  });

  it('names only existing panels, metrics and settings', () => {
    const titles = dashboard.panels.map(({ title }) => title);
    const settings = readFileSync(new URL('../docs/configuration.md', import.meta.url), 'utf8');

    const find = (pattern: RegExp) => {
      const found = Array.from(text.matchAll(pattern), ([, name = '']) => name);
      expect(found).not.toEqual([]);
      return found;
    };

    for (const list of find(/[Pp]anels? (".+?")(?:[.;,:]|$)/gm)) {
      for (const [, title] of list.matchAll(/"([^"]+)"/g)) expect(titles).toContain(title);
    }
    for (const metric of find(/`(longtake_\w+)`/g)) {
      expect([...exposed.labelsOf.keys()]).toContain(metric);
    }
    const words = new Set<string>([...ERROR_CODES, ...FAILURE_REASONS]);
    for (const name of find(/`([A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g)) {
      if (!words.has(name)) expect(settings).toContain(`\`${name}\``);
    }
  });
});

describe('the dashboard', () => {
  it.each(targets.map(({ expr }) => [expr]))('queries existing metrics: %s', (expr) => {
    expect(findFaults(expr, exposed)).toEqual([]);
  });

  it('takes its data source from a variable, and its legends use existing labels', () => {
    expect(dashboard.templating.list.map(({ name }) => name)).toEqual(['datasource', 'instance']);
    const labels = new Set([
      ...PROMETHEUS_OWN,
      ...[...exposed.labelsOf.values()].flatMap((names) => [...names]),
    ]);
    for (const { datasource, legendFormat } of targets) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana's own form of a variable.
      expect(datasource.uid).toBe('${datasource}');
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        expect(labels).toContain(label);
    }
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });

  it('has no panels that overlap', () => {
    const overlaps = dashboard.panels.flatMap((one, index) =>
      dashboard.panels
        .slice(index + 1)
        .filter(({ gridPos: b }) => {
          const a = one.gridPos;
          return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
        })
        .map(({ title }) => `${one.title} and ${title}`),
    );

    expect(overlaps).toEqual([]);
  });

  it('shows every metric', () => {
    const shown = targets.map(({ expr }) => expr).join(' ');
    const metrics = [...exposed.text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);

    expect(metrics.length).toBeGreaterThan(20);
    for (const name of metrics) expect(shown).toContain(name);
  });
});

describe('this check', () => {
  it.each([
    ['longtake_nothing > 0', 'no metric longtake_nothing'],
    [
      'sum(rate(longtake_submits_total{result="ok"}[5m]))',
      'longtake_submits_total has no label result',
    ],
    ['longtake_submits_total{outcome="OK"}', 'longtake_submits_total has no outcome=OK'],
    ['sum by (owner) (longtake_submits_total)', 'no label owner'],
  ])('finds a mistake: %s', (expression, fault) => {
    expect(findFaults(expression, exposed)).toEqual([fault]);
  });
});

describe('the backups that the runbook describes', () => {
  it('work: the file of a stopped gateway is complete, and a new database id refuses old cursors', async () => {
    await using sandbox = await startSandbox({ autoplay: false });
    await using gateway = await startGateway(sandbox);
    const { taskId, cursor } = await extend(gateway);
    await sandbox.complete(taskId);
    await gateway.stop();
    const backup = await mkdtemp(join(tmpdir(), 'longtake-backup-'));
    await copyFile(join(gateway.folder, 'gateway.db'), join(backup, 'gateway.db'));

    backdate({ folder: backup }, "delete from meta where name = 'database_id'");
    const DATABASE_URL = `sqlite:${join(backup, 'gateway.db')}`;
    await using restored = await startGateway(sandbox, { DATABASE_URL });

    const { data } = await restored.graphql(ReadVideoDocument, { taskId });
    expect(data.video).toMatchObject({ taskId, state: 'SUCCEEDED' });
    const { errors } = await restored.graphql(ReadCompletionsDocument, { after: cursor });
    expect(errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
    const fresh = await restored.graphql(ReadCompletionsDocument, {});
    expect(fresh.data.completions.edges).toHaveLength(1);
    await restored.stop();
    await rm(backup, { recursive: true });
  });
});
