import { Injectable } from '@nestjs/common';
import type { OpenAPIObject } from '@nestjs/swagger';
import { DomainError } from '../../core/errors.js';

/** Holds the description of the REST routes; it can only be made when all of them exist. */
@Injectable()
export class OpenApiDocument {
  private document: OpenAPIObject | undefined;

  set(document: OpenAPIObject): void {
    this.document = document;
  }

  read(): OpenAPIObject {
    if (!this.document) throw new DomainError('not_ready', 'The hub is still starting.');
    return this.document;
  }
}
