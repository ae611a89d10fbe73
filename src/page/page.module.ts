import { type DynamicModule, Module } from '@nestjs/common';
import { AuthModule } from '../auth/auth.module.js';
import { findPageFolders, PAGE_FOLDERS, type PageFolders } from './page-folders.js';
import { PageRoutes } from './page-routes.js';

@Module({})
export class PageModule {
  static forRoot(folders: PageFolders = findPageFolders()): DynamicModule {
    return {
      module: PageModule,
      imports: [AuthModule],
      providers: [PageRoutes, { provide: PAGE_FOLDERS, useValue: folders }],
    };
  }
}
