import base from '../playwright.config.ts';

export default { ...base, testDir: '.', projects: [{ name: 'pictures', testMatch: 'make.spec.ts' }], reporter: 'list' };
