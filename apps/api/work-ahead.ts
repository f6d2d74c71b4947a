/** How long what waits for a model will take: the work that was measured, shared by the executors. */
import type { Priority } from '#domain/prediction';
import { type ModelBacklog, unfinishedIn } from '#queue/backlog';
import type { ModelSwitch } from '#queue/model-switch';
import type { FleetView } from './fleet-view.js';

/** What a prediction of normal priority waits for: those of low priority take no turn of its. */
const NORMAL: readonly Priority[] = ['normal'];

export class WorkAhead {
  constructor(
    private readonly backlog: { of(model: string): Pick<ModelBacklog, 'byPriority'> },
    private readonly fleet: Pick<FleetView, 'rowCostMs' | 'executorsOf'>,
    private readonly switches: Pick<ModelSwitch, 'stateOf'>,
  ) {}

  /**
   * Seconds that one executor would take for all that waits and runs.
   * @param versionId whose cost is taken for all
   * @returns null where nobody has measured the version
   */
  workSeconds(model: string, versionId: string, priorities?: readonly Priority[]): number | null {
    const costMs = this.fleet.rowCostMs(versionId);
    return costMs === null ? null : (unfinishedIn(this.backlog.of(model), priorities) * costMs) / 1_000;
  }

  /**
   * Seconds in which the executors of the fleet do it.
   * @returns null where nobody has measured the version, nobody serves the model, or it is paused
   */
  drainSeconds(model: string, versionId: string, priorities?: readonly Priority[]): number | null {
    const executors = this.fleet.executorsOf(model);
    if (executors === 0 || this.switches.stateOf(model) === 'paused') return null;
    const work = this.workSeconds(model, versionId, priorities);
    return work === null ? null : work / executors;
  }

  /**
   * Seconds until a prediction, or the first row of a batch, that has not started will probably run, to a tenth.
   * @returns null as `drainSeconds`
   */
  waitSeconds(model: string, versionId: string, priority: Priority): number | null {
    const seconds = this.drainSeconds(model, versionId, priority === 'low' ? undefined : NORMAL);
    return seconds === null ? null : Math.round(seconds * 10) / 10;
  }
}
