/** How long a prediction that has not started will probably wait: the work in front of it, shared by the executors. */
import type { Prediction } from '#domain/prediction';
import type { ModelBacklog } from '#queue/backlog';
import type { ModelSwitch } from '#queue/model-switch';
import type { FleetView } from './fleet-view.js';

export class WaitEstimate {
  constructor(
    private readonly backlog: { of(model: string): Pick<ModelBacklog, 'predictions' | 'bulk'> },
    private readonly fleet: Pick<FleetView, 'rowCostMs' | 'executorsOf'>,
    private readonly switches: Pick<ModelSwitch, 'stateOf'>,
  ) {}

  /** @returns seconds, to a tenth; null once it has started, where nobody has measured its version, nobody serves it, or its model is paused */
  seconds({ submission, standing }: Prediction<unknown>): number | null {
    if (standing.status !== 'starting') return null;
    const { model, versionId, priority } = submission;
    const costMs = this.fleet.rowCostMs(versionId);
    const executors = this.fleet.executorsOf(model);
    if (costMs === null || executors === 0 || this.switches.stateOf(model) === 'paused') return null;
    const { predictions, bulk } = this.backlog.of(model);
    const ahead = priority === 'low' ? predictions + bulk : predictions;
    return Math.round((ahead * costMs) / executors / 100) / 10;
  }
}
