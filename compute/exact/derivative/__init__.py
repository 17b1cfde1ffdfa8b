"""Program -> an ordinary differentiable JAX function."""

from compute.exact.derivative.form import derivative_form

__all__ = ["derivative_form"]
