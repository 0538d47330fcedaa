"""Encoders of the BERT family written as ONNX graphs from their own weights, and run by ONNX Runtime."""
