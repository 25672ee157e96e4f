// Imported first: schemas that come with the socket client are interpreted, never compiled with `new Function`, so that
// the page runs under a content security policy without unsafe-eval. Zod reads this object when it is loaded.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
