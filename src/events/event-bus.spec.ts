import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { EventBus } from './event-bus.js';

describe('the event bus', () => {
  it('tells every listener, also behind one that throws, until it stops listening', () => {
    const error = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const bus = new EventBus();
    const heard: string[] = [];
    bus.on('monitor.created', () => {
      throw new Error('listener on fire');
    });
    const stop = bus.on('monitor.created', ({ monitorId }) => heard.push(monitorId));
    bus.announce('monitor.created', { monitorId: 'a' });
    bus.announce('monitor.changed', { monitorId: 'b' });
    expect(heard).toEqual(['a']);
    expect(error).toHaveBeenCalledTimes(1);
    stop();
    bus.announce('monitor.created', { monitorId: 'c' });
    expect(heard).toEqual(['a']);
    error.mockRestore();
  });
});
