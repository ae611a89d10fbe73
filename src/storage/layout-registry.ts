import { createHash } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { Pool } from 'pg';
import { DomainError } from '../core/errors.js';
import type { CustomDefinition } from '../core/model/layout.js';
import { Layout } from '../core/model/layout.js';
import { QUERY_POOL } from '../database/database-pools.js';

/** How the values of an arriving report are put into the order of its layout. */
export interface Shape {
  readonly layout: Layout;
  /** order[i] = position in the arriving values of the layout's i-th series. */
  readonly order: Uint16Array;
}

interface LayoutRow {
  id: number;
  series_keys: string[];
  definitions: Record<string, CustomDefinition>;
}

/** Machines are alike: a fleet has few shapes. Beyond this many series the memory of them starts anew. */
const MAX_REMEMBERED_SERIES = 500_000;

/**
 * Finds the layout of a report's series keys, writing it down the first time it is seen.
 * A shape seen before costs one look-up in memory and no query.
 */
@Injectable()
export class LayoutRegistry {
  private readonly logger = new Logger(LayoutRegistry.name);
  private readonly shapes = new Map<string, Promise<Shape> | Shape>();
  private readonly layouts = new Map<number, Layout>();
  private shapeSeries = 0;
  private layoutSeries = 0;

  constructor(@Inject(QUERY_POOL) private readonly pool: Pool) {}

  /** The shape of these series, where it was seen before; undefined says nothing, ask `resolve`. */
  recall(
    keys: readonly string[],
    definitions: Readonly<Record<string, CustomDefinition>> | null,
  ): Shape | undefined {
    const known = this.shapes.get(spell(keys, definitions));
    return known instanceof Promise ? undefined : known;
  }

  /**
   * @param keys in the order of arrival, each once
   * @returns undefined when a key stands there twice; a promise only for a shape not seen before, which
   *   rejects with DomainError `storage_unavailable` where the database cannot be asked
   */
  resolve(
    keys: readonly string[],
    definitions: Readonly<Record<string, CustomDefinition>> | null,
  ): Shape | Promise<Shape> | undefined {
    const spelling = spell(keys, definitions);
    const known = this.shapes.get(spelling);
    if (known) return known;
    if (new Set(keys).size !== keys.length) return undefined;
    this.shapeSeries += keys.length;
    if (this.shapeSeries > MAX_REMEMBERED_SERIES) {
      this.shapes.clear();
      this.shapeSeries = keys.length;
    }
    const learning = this.learn(keys, definitions ?? {});
    this.shapes.set(spelling, learning);
    learning.then(
      (shape) => this.shapes.set(spelling, shape),
      () => this.shapes.delete(spelling),
    );
    return learning;
  }

  /** Layouts by id, read where not known yet; ids that do not exist are missing from the answer. */
  async load(ids: Iterable<number>): Promise<ReadonlyMap<number, Layout>> {
    const found = new Map<number, Layout>();
    const missing: number[] = [];
    for (const id of new Set(ids)) {
      const known = this.layouts.get(id);
      if (known) found.set(id, known);
      else missing.push(id);
    }
    if (missing.length > 0) {
      const { rows } = await this.pool.query<LayoutRow>(
        'select id, series_keys, definitions from layout where id = any($1)',
        [missing],
      );
      for (const row of rows) found.set(row.id, this.remember(row.id, row.series_keys, row.definitions));
    }
    return found;
  }

  private remember(id: number, seriesKeys: readonly string[], definitions: LayoutRow['definitions']): Layout {
    const known = this.layouts.get(id);
    if (known) return known;
    this.layoutSeries += seriesKeys.length;
    if (this.layoutSeries > MAX_REMEMBERED_SERIES) {
      this.layouts.clear();
      this.layoutSeries = seriesKeys.length;
    }
    const layout = new Layout(id, seriesKeys, definitions);
    this.layouts.set(id, layout);
    return layout;
  }

  private async learn(
    keys: readonly string[],
    definitions: Readonly<Record<string, CustomDefinition>>,
  ): Promise<Shape> {
    const order = Uint16Array.from(keys.keys()).sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1));
    const seriesKeys = Array.from(order, (position) => keys[position]!);
    const sortedDefinitions = Object.fromEntries(
      Object.keys(definitions)
        .sort()
        .map((name) => [name, definitions[name]!]),
    );
    const hash = createHash('sha256')
      .update(JSON.stringify([seriesKeys, sortedDefinitions]))
      .digest();
    const id = await this.writeDown(hash, seriesKeys, JSON.stringify(sortedDefinitions));
    return { layout: this.remember(id, seriesKeys, sortedDefinitions), order };
  }

  private async writeDown(hash: Buffer, seriesKeys: string[], definitions: string): Promise<number> {
    try {
      // The empty update makes `returning` give the id of a layout that is there already.
      const { rows } = await this.pool.query<{ id: number }>(
        `insert into layout (hash, series_keys, definitions) values ($1, $2, $3)
         on conflict (hash) do update set hash = excluded.hash returning id`,
        [hash, seriesKeys, definitions],
      );
      return rows[0]!.id;
    } catch (error) {
      this.logger.error(`a report's layout could not be written down: ${(error as Error).message}`);
      const message = 'The reports could not be stored. Keep them and send them again.';
      throw new DomainError('storage_unavailable', message, undefined, 2);
    }
  }
}

function spell(
  keys: readonly string[],
  definitions: Readonly<Record<string, CustomDefinition>> | null,
): string {
  // No key contains a newline: they are checked, or escaped, on the way in.
  return definitions ? `${keys.join('\n')}\n\n${JSON.stringify(definitions)}` : keys.join('\n');
}
