import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const secondsBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Everything a node measures, for Prometheus. One instance a node, so that tests can run several in a process. */
export class Metrics {
  readonly registry = new Registry();

  readonly photos = new Counter<'outcome'>({
    name: 'autotag_photos_total',
    help: 'Photos by outcome: stored, superseded by a newer result, dead letter, returned to the queue',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  readonly stageSeconds = new Histogram<'stage'>({
    name: 'autotag_stage_seconds',
    help: 'Time of a photo in each stage (decode, features, score, write); total is from the pull to the stored row',
    labelNames: ['stage'],
    buckets: secondsBuckets,
    registers: [this.registry],
  });

  readonly boltSeconds = new Histogram<'component'>({
    name: 'autotag_bolt_seconds',
    help: "Time of a photo in a user's bolt, the wait for one of its tasks included",
    labelNames: ['component'],
    buckets: secondsBuckets,
    registers: [this.registry],
  });

  readonly boltFailures = new Counter<'component'>({
    name: 'autotag_bolt_failures_total',
    help: "Photos that a user's bolt failed on, or that found none of its tasks",
    labelNames: ['component'],
    registers: [this.registry],
  });

  /** Measures nothing of a bolt that is gone. */
  forgetBolt(component: string): void {
    this.boltSeconds.remove(component);
    this.boltFailures.remove(component);
  }

  readonly thumbnails = new Counter<'outcome'>({
    name: 'autotag_thumbnails_total',
    help: 'Thumbnails by outcome: made, or failed, which costs the photo nothing else',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  readonly thumbnailBytes = new Gauge({
    name: 'autotag_thumbnail_bytes',
    help: 'Size on disk of the kept thumbnails',
    registers: [this.registry],
  });

  readonly kernelRuns = new Counter({
    name: 'autotag_kernel_runs_total',
    help: 'Photos given to a worker thread; above the acknowledged ones by what was run twice',
    registers: [this.registry],
  });

  readonly inFlight = new Gauge({
    name: 'autotag_in_flight',
    help: 'Photos pulled and not yet acknowledged',
    registers: [this.registry],
  });

  readonly queueDepth = new Gauge({
    name: 'autotag_queue_depth',
    help: 'Photos in the stream that nobody has acknowledged',
    registers: [this.registry],
  });

  readonly redeliveries = new Counter({
    name: 'autotag_redeliveries_total',
    help: 'Photos that were delivered to this node and had been delivered before',
    registers: [this.registry],
  });

  readonly restarts = new Counter<'child'>({
    name: 'autotag_restarts_total',
    help: 'Restarts by supervised child',
    labelNames: ['child'],
    registers: [this.registry],
  });

  readonly modelActivation = new Gauge<'model'>({
    name: 'autotag_model_activation',
    help: 'Number of the activation of the model in use',
    labelNames: ['model'],
    registers: [this.registry],
  });

  readonly modelLoadSeconds = new Gauge({
    name: 'autotag_model_load_seconds',
    help: 'Time to read and verify the model in use',
    registers: [this.registry],
  });

  readonly eventLoopDelaySeconds = new Gauge<'quantile'>({
    name: 'autotag_event_loop_delay_seconds',
    help: 'Delay of the main thread since the last scrape',
    labelNames: ['quantile'],
    registers: [this.registry],
  });

  /** The delay of the main thread as it was measured last: its median, and what it is below nearly always. */
  async eventLoopDelay(): Promise<{ readonly p50Ms: number; readonly p99Ms: number }> {
    const { values } = await this.eventLoopDelaySeconds.get();
    const ms = (quantile: string) =>
      (values.find(({ labels }) => labels.quantile === quantile)?.value ?? 0) * 1_000;
    return { p50Ms: ms('0.5'), p99Ms: ms('0.99') };
  }

  readonly httpSeconds = new Histogram<'method' | 'route' | 'status'>({
    name: 'autotag_http_seconds',
    help: 'Time of a request by HTTP, the wait for tags included',
    labelNames: ['method', 'route', 'status'],
    buckets: secondsBuckets,
    registers: [this.registry],
  });

  readonly residentBytes = new Gauge({
    name: 'autotag_resident_bytes',
    help: 'Resident memory of the node process',
    registers: [this.registry],
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
}
