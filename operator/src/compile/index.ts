export { MOST_MESSAGES, messagesOf } from './messages.ts';
export { createPlanner, type Plan, type PlanInput, type Planner, type PolicyVerdict } from './planner.ts';
