/**
 * The rule sets of the backend. Pages predict and explain but leave training to the service: a bundle that imports only
 * `predictionRules` does not include kernels that only training needs.
 */
import { pooledConvolutions } from "./convolution/pooled_convolutions.ts";
import { pooledWeightGradient } from "./convolution/pooled_weight_gradient.ts";
import { winogradConvolutions } from "./convolution/winograd_conv.ts";
import type { RuleSet } from "./rewrite.ts";
import { sparseProducts } from "./sparse/sparse_products.ts";

/** Every rule. */
export const allRules: RuleSet = () => [
  sparseProducts(),
  pooledConvolutions({ weightGradient: pooledWeightGradient }),
  winogradConvolutions,
];

/** The rules for programs without gradients of weights: predictions and attributions. */
export const predictionRules: RuleSet = () => [sparseProducts(), pooledConvolutions(), winogradConvolutions];
