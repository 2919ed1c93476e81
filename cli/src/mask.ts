import { readFile } from 'node:fs/promises';
import { resolveMasking } from '@rankguard/compiler';
import { CodedError, type ResolvedMasking } from '@rankguard/contract';
import { readResources } from '@rankguard/contract/resources';
import { createJsonReader } from '@rankguard/sidecar/json';
import { createKernel } from '@rankguard/sidecar/kernel';
import { createMasker } from '@rankguard/sidecar/masking';
import { Command } from 'commander';
