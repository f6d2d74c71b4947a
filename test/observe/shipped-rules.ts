/** The rules and routes that deploy/ ships, read as Prometheus and Alertmanager read them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { projectRoot } from '#config/settings';

export const PROMETHEUS_DIR = path.join(projectRoot(), 'deploy', 'prometheus');
export const ALERTMANAGER_DIR = path.join(projectRoot(), 'deploy', 'alertmanager');

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

/** One test of `promtool test rules`. */
export interface RuleTest {
  readonly name: string;
  readonly input_series?: readonly unknown[];
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
}

export interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
}

export function ymlIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.yml'));
}

export function shippedRules(): { alerts: AlertRule[]; recordings: RecordingRule[] } {
  const folder = path.join(PROMETHEUS_DIR, 'rules');
  const rules = ymlIn(folder).flatMap((name) => {
    const { groups } = readYml(path.join(folder, name)) as { groups: { rules: (AlertRule | RecordingRule)[] }[] };
    return groups.flatMap((group) => group.rules);
  });
  return {
    alerts: rules.filter((rule): rule is AlertRule => 'alert' in rule),
    recordings: rules.filter((rule): rule is RecordingRule => 'record' in rule),
  };
}

export function shippedTests(): RuleTest[] {
  const folder = path.join(PROMETHEUS_DIR, 'tests');
  return ymlIn(folder).flatMap((name) => (readYml(path.join(folder, name)) as { tests: RuleTest[] }).tests);
}

export function shippedInhibitions(): readonly InhibitRule[] {
  const config = readYml(path.join(ALERTMANAGER_DIR, 'alertmanager.yml')) as { inhibit_rules: InhibitRule[] };
  return config.inhibit_rules;
}

/** `<<: *name` is YAML 1.1; both programs read it. */
function readYml(file: string): unknown {
  return parse(readFileSync(file, 'utf8'), { merge: true });
}
