import * as tf from "@tensorflow/tfjs-core"; import { createTrainer } from "./tfjs-transformer.mjs"; import { createRandomBatch } from "./random-batch.mjs";
const full={layers:1,width:256,heads:8,vocabulary:512,batch:16,length:128,seed:7};
const t=await createTrainer(full); const {tokens,targets}=createRandomBatch(full,3);
await t.step(tokens,targets);
const by=new Map();
for (const k of tf.getKernelsForBackend("wasm")) { const f=k.kernelFunc; tf.unregisterKernel(k.kernelName,"wasm"); tf.registerKernel({...k,setupFunc:undefined,kernelFunc:(a)=>{const t0=performance.now();const r=f(a);const d=performance.now()-t0;const key=k.kernelName+" "+Object.values(a.inputs).map(i=>i?.shape?.join("x")).slice(0,3).join(",")+" "+(a.attrs?.transposeA??"")+(a.attrs?.perm??"")+(a.attrs?.axis??"");const e=by.get(key)??{n:0,ms:0};e.n++;e.ms+=d;by.set(key,e);return r}}); }
const t0=performance.now(); await t.step(tokens,targets); console.log(performance.now()-t0);
const rows=[...by].sort((a,b)=>b[1].ms-a[1].ms); console.log(rows.reduce((s,r)=>s+r[1].ms,0)); for(const [k,e] of rows.slice(0,28))console.log(e.ms.toFixed(0),e.n,k);
