/** Refuses documents that are nested too deeply for the stack, as other invalid documents. */

import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Parsing and validation are recursive. How deep they can go depends on what the process has compiled, so
 * no limit on the depth would be exact. They have no side effects, so it is safe to go on after the RangeError.
 */
export function useNestingGuard(): Plugin {
  return {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source, options) => {
        try {
          return parseFn(source, options);
        } catch (error) {
          throw error instanceof RangeError ? createTooDeepError() : error;
        }
      });
    },
    onValidate({ validateFn, setValidationFn }) {
      setValidationFn((...args) => {
        try {
          return validateFn(...args);
        } catch (error) {
          if (error instanceof RangeError) return [createTooDeepError()];
          throw error;
        }
      });
    },
  };
}

function createTooDeepError(): GraphQLError {
  return new GraphQLError('The document is nested too deeply.');
}
