import type { TemperatureReading } from '../core/model/report.js';
import type { MachineFiles } from './machine-files.js';
import type { Probe, ProbeReading } from './probe.js';

/** Sensors come and go with modules and disks, and listing them is the dearest step. */
const RELIST_MS = 60_000;
const MAX_SENSORS = 64;

/** A sensor without anything attached reads as −273 or +255. */
const COLDEST_CELSIUS = -60;
const HOTTEST_CELSIUS = 200;

interface Sensor {
  readonly name: string;
  /** Below /sys; holds thousandths of a degree. */
  readonly path: string;
}

/**
 * Temperatures of /sys/class/hwmon, and of /sys/class/thermal where there are none. A sensor that cannot
 * be read just now, or reads as if nothing were attached, is left out. Virtual machines have none.
 */
export class TemperatureProbe implements Probe<'temperature'> {
  readonly resource = 'temperature';
  private sensors: readonly Sensor[] = [];
  private listedAt = -Infinity;

  constructor(
    private readonly files: MachineFiles,
    private readonly clock: () => number = () => performance.now(),
  ) {}

  read(): ProbeReading<'temperature'> {
    const now = this.clock();
    if (now - this.listedAt >= RELIST_MS) {
      const chips = listChips(this.files);
      this.sensors = nameOnce(chips.length > 0 ? chips : listZones(this.files)).slice(0, MAX_SENSORS);
      this.listedAt = now;
    }
    const value: TemperatureReading[] = [];
    for (const { name, path } of this.sensors) {
      const celsius = this.readCelsius(path);
      if (celsius !== undefined) value.push({ sensor: name, celsius });
    }
    return value.length > 0 ? { value, problems: [] } : { problems: [] };
  }

  private readCelsius(path: string): number | undefined {
    const text = readQuietly(this.files, path);
    const celsius = text === '' ? NaN : Number(text) / 1000;
    return celsius >= COLDEST_CELSIUS && celsius <= HOTTEST_CELSIUS
      ? Math.round(celsius * 10) / 10
      : undefined;
  }
}

function listChips(files: MachineFiles): Sensor[] {
  const sensors: Sensor[] = [];
  for (const chip of files.listSys('class/hwmon').sort(byNumber)) {
    const folder = `class/hwmon/${chip}`;
    const chipName = readQuietly(files, `${folder}/name`) || chip;
    for (const file of files.listSys(folder).sort(byNumber)) {
      const input = /^(temp\d+)_input$/.exec(file)?.[1];
      if (input === undefined) continue;
      const label = readQuietly(files, `${folder}/${input}_label`) || input;
      sensors.push({ name: `${chipName} ${label}`, path: `${folder}/${file}` });
    }
  }
  return sensors;
}

function listZones(files: MachineFiles): Sensor[] {
  return files
    .listSys('class/thermal')
    .filter((name) => /^thermal_zone\d+$/.test(name))
    .sort(byNumber)
    .map((zone) => ({
      name: readQuietly(files, `class/thermal/${zone}/type`) || zone,
      path: `class/thermal/${zone}/temp`,
    }));
}

/** Two equal chips are told apart by their order, which is that of their slots. */
function nameOnce(sensors: readonly Sensor[]): Sensor[] {
  const seen = new Map<string, number>();
  return sensors.map(({ name, path }) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { name: times === 1 ? name : `${name} (${times})`, path };
  });
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

function readQuietly(files: MachineFiles, path: string): string {
  try {
    return files.readSys(path).trim();
  } catch {
    return '';
  }
}
