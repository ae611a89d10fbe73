import { Injectable } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { Distribution, DURATION_BOUNDS } from '../common/distribution.js';

export interface HttpTime {
  readonly labels: { readonly method: string; readonly route: string; readonly status: string };
  readonly durations: Distribution;
}

/**
 * How long each route takes, by the route's template and the class of its status: a number of series that
 * no visitor can grow. The door for reports is measured by itself, cheaper.
 */
@Injectable()
export class HttpTimes {
  private readonly times = new Map<string, HttpTime>();

  constructor(adapterHost: HttpAdapterHost) {
    // Routes are made after the modules: each one from here on is measured.
    const fastify = adapterHost.httpAdapter?.getInstance<FastifyInstance>();
    fastify?.addHook('onRoute', (route) => this.watch(route));
  }

  all(): Iterable<HttpTime> {
    return this.times.values();
  }

  private watch(route: RouteOptions): void {
    if (route.config?.boundsItsWaits) return;
    const others = [route.onResponse ?? []].flat();
    // A GET makes its HEAD with the same options.
    if (others.includes(this.note)) return;
    route.onResponse = [...others, this.note];
  }

  private readonly note = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const { method } = request;
    const route = request.routeOptions.url ?? 'none';
    const status = `${Math.floor(reply.statusCode / 100)}xx`;
    const key = `${method} ${route} ${status}`;
    let time = this.times.get(key);
    if (!time) {
      time = { labels: { method, route, status }, durations: new Distribution(DURATION_BOUNDS) };
      this.times.set(key, time);
    }
    time.durations.observe(reply.elapsedTime / 1000);
    done();
  };
}
