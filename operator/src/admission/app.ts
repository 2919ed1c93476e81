import express, { type Express, type Request, type Response } from 'express';
import { ADMISSION_PATHS } from '../webhooks/index.ts';
import { validateKind } from './kinds.ts';
import { mutatePod, validatePod } from './pods.ts';
import type { AdmissionPorts } from './ports.ts';
import { type AdmissionRequest, type Answer, readReview, reviewOf } from './review.ts';

/** An update carries a pod twice; the API server itself takes 3 MiB an object. */
const MOST_BODY = '8mb';

type Handler = (request: AdmissionRequest, connection: string) => Answer | Promise<Answer>;

/**
 * The admission webhooks as an express application, to be served over TLS. A fault is answered 500: with
 * `failurePolicy: Fail` the API server then refuses.
 */
export function createAdmission(ports: AdmissionPorts): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: MOST_BODY, type: () => true }));
  const route = (path: string, webhook: string, handle: Handler) =>
    app.post(path, async (request, response) => {
      await answer({ request, response, webhook, handle, ports });
    });
  const { mutatePods, validatePods, validateKinds } = ADMISSION_PATHS;
  route(`${mutatePods}/:connection`, 'mutate-pods', (review, name) => mutatePod(review, name, ports));
  route(`${validatePods}/:connection`, 'validate-pods', (review, name) => validatePod(review, name, ports));
  route(validateKinds, 'validate-kinds', (review) => validateKind(review, ports));
  return app;
}

interface Call {
  readonly request: Request;
  readonly response: Response;
  readonly webhook: string;
  readonly handle: Handler;
  readonly ports: AdmissionPorts;
}

async function answer({ request, response, webhook, handle, ports }: Call): Promise<void> {
  const startedAt = performance.now();
  const review = readReview(request.body);
  if (review === undefined) {
    response.status(400).json({ error: 'expected an AdmissionReview of admission.k8s.io/v1' });
    return;
  }
  const seconds = () => (performance.now() - startedAt) / 1000;
  const facts = { webhook, namespace: review.namespace, name: review.name, operation: review.operation };
  try {
    const said = await handle(review, String(request.params['connection'] ?? ''));
    const code = said.allowed ? null : said.code;
    ports.answered(webhook, said.allowed ? 'allowed' : 'refused', code, seconds());
    if (!said.allowed) ports.log('info', 'refused', { ...facts, code, message: said.message });
    response.json(reviewOf(review.uid, said));
  } catch (error) {
    ports.answered(webhook, 'failed', null, seconds());
    ports.log('error', 'admission failed', { ...facts, error: String(error) });
    response.status(500).json({ error: 'INTERNAL: admission failed; its log says why' });
  }
}
